"""Run by another Python that has drizzlepac: what its own reader makes of a visit.

Called as ``python peer_reader.py REQUEST ANSWER``. The request is JSON: the
stand-in products, and optionally a parameter file to read or to write. The
answer is the parameters of each product, by basename.
"""

import json
import sys
from pathlib import Path
from types import SimpleNamespace


def _exposure(facts):
    return SimpleNamespace(**facts)


def _products(total):
    """Return the product with the attributes that drizzlepac's reader looks at."""
    exposures = {
        facts["product_basename"]: _exposure(facts) for facts in total["exposures"]
    }
    common = {"instrument": total["instrument"], "detector": total["detector"]}
    filters = [
        SimpleNamespace(
            **common,
            filters=facts["filters"],
            edp_list=[exposures[name] for name in facts["members"]],
            product_basename=facts["product_basename"],
            drizzle_filename=facts["drizzle_filename"],
        )
        for facts in total["filters"]
    ]
    whole = SimpleNamespace(
        **common,
        edp_list=list(exposures.values()),
        fdp_list=filters,
        product_basename=total["product_basename"],
        drizzle_filename=total["drizzle_filename"],
    )
    return [whole, *filters, *exposures.values()]


def main(request_path, answer_path):
    """Answer one request."""
    # Inside, as only the other Python has it.
    from drizzlepac.haputils.config_utils import HapConfig  # noqa: PLC0415

    request = json.loads(Path(request_path).read_text(encoding="utf-8"))
    answer = {}
    for total in request["totals"]:
        for product in _products(total):
            found = HapConfig(
                product,
                log_level=50,
                use_defaults=request.get("use_defaults", True),
                input_custom_pars_file=request.get("read"),
                output_custom_pars_file=request.get("write"),
            )
            answer[product.product_basename] = {
                "conditions": found.conditions,
                "steps": found.as_single_giant_dict(),
            }
    Path(answer_path).write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
