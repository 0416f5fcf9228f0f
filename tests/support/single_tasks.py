"""Tasks run one by one in this process, as a worker would run them."""

from svmcore.pipeline.tasks import TaskCall


def run_task(task, folder, *, results, output):
    """Run a task into a new folder, and add that to the folders of results."""
    folder.mkdir(parents=True)
    inputs = {
        role: tuple(results[name] for name in names)
        for role, names in task.needs.items()
    }
    task.function(TaskCall(task.payload, inputs, folder, output))
    results[task.identifier] = folder
