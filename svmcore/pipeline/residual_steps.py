"""The work of the residual report, apart from the fit: it draws a figure."""

from svmcore.io.alignment import read_group_fit
from svmcore.io.export_residuals import write_residual_report
from svmcore.pipeline.align_payloads import ResidualPayload
from svmcore.pipeline.tasks import TaskCall

__all__ = ["report_residuals"]


def report_residuals(call: TaskCall) -> None:
    """Write the residuals of a detector's fit as figure, text and table."""
    payload: ResidualPayload = call.payload
    (folder,) = call.inputs["fit"]
    write_residual_report(
        read_group_fit(folder),
        figure=call.output / payload.figure_name,
        text=call.output / payload.text_name,
        table=call.output / payload.table_name,
    )
