"""Which exposures take part in the processing, and why others do not."""

from svmcore.filtering.judge import judge_exposure, judge_exposures, role_of
from svmcore.filtering.rules import RULES, Rule, RuleKind, is_dispersed, is_ramp

__all__ = [
    "RULES",
    "Rule",
    "RuleKind",
    "is_dispersed",
    "is_ramp",
    "judge_exposure",
    "judge_exposures",
    "role_of",
]
