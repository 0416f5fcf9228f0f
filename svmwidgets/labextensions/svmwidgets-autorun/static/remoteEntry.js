// A JupyterLab extension in the form that Lab loads without a build step.
// It runs the cells of a notebook that asks for it in its own metadata
// ({"svmwidgets": {"autorun": true}}), once, when the notebook is opened.
// It folds the side bar away, and leaves out the question about news of Jupyter.
// Only "svm lab" tells a server about this folder, and only its notebooks ask.
(function () {
  const PATIENCE_MS = 100;

  // Jupyter's widget manager meets the kernel when the session is ready. What a cell
  // shows before they know each other can be lost: let the kernel answer first.
  async function meet(kernel) {
    for (let k = 0; k < 2; k++) {
      await kernel.requestExecute({ code: "", silent: true }).done;
    }
    await kernel.requestCommInfo({ target_name: "jupyter.widget" });
  }

  async function runIfAsked(app, widget, seen) {
    if (!widget || !widget.context || !widget.sessionContext || seen.has(widget)) {
      return;
    }
    seen.add(widget);
    await widget.context.ready;
    const model = widget.context.model;
    const wish = model.getMetadata ? model.getMetadata("svmwidgets") : undefined;
    if (!wish || !wish.autorun) {
      return;
    }
    await widget.sessionContext.ready;
    await meet(widget.sessionContext.session.kernel);
    app.shell.activateById(widget.id);
    // The dashboard wants the width of the list of files; one click brings it back.
    if (app.shell.collapseLeft) {
      app.shell.collapseLeft();
    }
    await app.commands.execute("notebook:run-all-cells");
  }

  const plugin = {
    id: "svmwidgets-autorun:plugin",
    description: "Runs a dashboard notebook when it is opened.",
    autoStart: true,
    activate: function (app) {
      const seen = new WeakSet();
      const look = function () {
        const current = app.shell.currentWidget;
        runIfAsked(app, current, seen).catch(function (error) {
          console.error("The dashboard notebook could not be run.", error);
        });
      };
      app.restored.then(function () {
        look();
        if (app.shell.currentChanged) {
          app.shell.currentChanged.connect(look);
        }
        // A notebook named in the address may be added shortly after.
        setTimeout(look, 5 * PATIENCE_MS);
      });
    },
  };

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB["svmwidgets-autorun"] = {
    init: function () {},
    get: function () {
      return Promise.resolve(function () {
        return { __esModule: true, default: plugin };
      });
    },
  };
})();
