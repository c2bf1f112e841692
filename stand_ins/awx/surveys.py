# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Surveys, their answers, and the variables that a launch, a schedule or a node may set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .objects import Refusal, Thing, Values, invalid, mapping_of

KINDS = ("text", "textarea", "password", "multiplechoice", "multiselect", "integer", "float")
# Field of a launch: the switch of the template that lets it through.
PROMPTS = {
    "extra_vars": "ask_variables_on_launch",
    "limit": "ask_limit_on_launch",
    "job_type": "ask_job_type_on_launch",
    "diff_mode": "ask_diff_mode_on_launch",
    "verbosity": "ask_verbosity_on_launch",
    "inventory": "ask_inventory_on_launch",
    "job_tags": "ask_tags_on_launch",
    "skip_tags": "ask_skip_tags_on_launch",
    "forks": "ask_forks_on_launch",
    "job_slice_count": "ask_job_slice_count_on_launch",
    "timeout": "ask_timeout_on_launch",
    "execution_environment": "ask_execution_environment_on_launch",
    "scm_branch": "ask_scm_branch_on_launch",
}
NOT_PROMPTED = "Field is not configured to prompt on launch."


def check_survey(given: Any) -> Values:
    if not isinstance(given, dict):
        raise Refusal(400, {"error": "Survey must be a dictionary."})
    for needed in ("name", "description"):
        if not isinstance(given.get(needed), str):
            raise Refusal(400, {"error": f"'{needed}' missing from survey spec."})
    if not isinstance(given.get("spec"), list):
        raise Refusal(400, {"error": "'spec' must be a list of items."})
    if not given["spec"]:
        raise Refusal(400, {"error": "'spec' doesn't contain any items."})
    seen: set[str] = set()
    for number, question in enumerate(given["spec"]):
        _check_question(number, question)
        if question["variable"] in seen:
            raise Refusal(
                400, {"error": f"'variable' '{question['variable']}' duplicated in survey question {number}."}
            )
        seen.add(question["variable"])
    return given


def _check_question(number: int, question: Mapping[str, Any]) -> None:
    why = _why_not(question)
    if why:
        raise Refusal(400, {"error": f"Survey question {number}: {why}."})
    if "default" in question:
        _check_default(number, question)


def _why_not(question: Mapping[str, Any]) -> str:
    missing = [
        needed for needed in ("type", "question_name", "variable", "required") if needed not in question
    ]
    if missing:
        return f"'{missing[0]}' missing"
    if question["type"] not in KINDS:
        return f"'{question['type']}' is not one of {KINDS}"
    if not isinstance(question["required"], bool):
        return f"value {question['required']} for 'required' expected to be a boolean"
    if any(type(question.get(bound)) not in (int, type(None)) for bound in ("min", "max")):
        return "the limits min and max are expected to be integers"
    if question["type"] in ("multiplechoice", "multiselect"):
        choices = _choices(question)
        if not choices or not all(isinstance(choice, str) for choice in choices):
            return f"type {question['type']} must specify choices"
    return ""


def _check_default(number: int, question: Mapping[str, Any]) -> None:
    default, kind = question["default"], question["type"]
    wanted = {"integer": (int,), "float": (int, float)}.get(kind, (str,))
    if default != "" and (isinstance(default, bool) or not isinstance(default, wanted)):
        raise Refusal(
            400, {"error": f"Default value {default!r} in survey question {number} expected to be {kind}."}
        )
    if kind == "multiplechoice" and default not in ("", *_choices(question)):
        raise Refusal(
            400, {"error": f"Default choice must be answered from the choices listed, not {default}."}
        )
    if kind == "multiselect" and any(each not in _choices(question) for each in str(default).splitlines()):
        raise Refusal(
            400, {"error": f"Default choice must be answered from the choices listed, not {default}."}
        )


def _choices(question: Mapping[str, Any]) -> list[Any]:
    choices = question.get("choices", [])
    return choices.splitlines() if isinstance(choices, str) else list(choices)


def answer_problems(template: Thing, variables: Mapping[str, Any], complete: bool) -> list[str]:
    """Return what is wrong with answers to a survey. complete: True if required ones must be given."""
    if not template.values.get("survey_enabled"):
        return []
    problems = []
    for question in template.survey.get("spec", []):
        name = question["variable"]
        if name in variables:
            problems += _wrong(question, variables[name])
        elif question["required"] and complete:
            problems.append(f"'{name}' value missing")
    return problems


def _wrong(question: Mapping[str, Any], answer: Any) -> list[str]:
    name, kind = question["variable"], question["type"]
    if kind == "multiselect":
        if not isinstance(answer, list):
            return [f"'{name}' value is expected to be a list."]
        return [
            f"Value {each} for '{name}' expected to be one of {_choices(question)}."
            for each in answer
            if each not in _choices(question)
        ]
    if kind == "multiplechoice":
        good = answer in _choices(question)
        return [] if good else [f"Value {answer} for '{name}' expected to be one of {_choices(question)}."]
    wanted = {"integer": (int,), "float": (int, float)}.get(kind, (str,))
    if isinstance(answer, bool) or not isinstance(answer, wanted):
        return [f"Value {answer} for '{name}' expected to be a {'string' if wanted == (str,) else kind}."]
    size = len(answer) if isinstance(answer, str) else answer
    low, high = question.get("min"), question.get("max")
    if (low is not None and size < low) or (high is not None and size > high):
        return [f"'{name}' value {answer} is not within {low} and {high}."]
    return []


def allowed(template: Thing, variables: Mapping[str, Any]) -> tuple[Values, Values]:
    """Return the variables that a launch may set, and those that are left out."""
    if template.values.get("ask_variables_on_launch"):
        return dict(variables), {}
    asked = (
        {each["variable"] for each in template.survey.get("spec", [])}
        if template.values.get("survey_enabled")
        else set()
    )
    taken = {name: value for name, value in variables.items() if name in asked}
    return taken, {name: value for name, value in variables.items() if name not in asked}


def effective(template: Thing, launched: Mapping[str, Any]) -> Values:
    """Return a job's extra variables: the template's, over them the survey's defaults, then the launch's."""
    found = mapping_of(template.values.get("extra_vars") or "")
    if template.values.get("survey_enabled"):
        for question in template.survey.get("spec", []):
            default = question.get("default")
            is_given = default not in (None, "") or question["type"] in ("text", "textarea", "password")
            # One of a multiselect is never applied.
            if "default" in question and is_given and question["type"] != "multiselect":
                found[question["variable"]] = default
    return {**found, **launched}


def check_prompts(template: Thing, values: Mapping[str, Any], complete: bool) -> None:
    """Return the values that a schedule or a node sets beside its template."""
    for name, switch in PROMPTS.items():
        value = values.get(name)
        if name == "extra_vars" or value in (None, "", {}) or value == template.values.get(name):
            continue
        if not template.values.get(switch):
            raise invalid(name, NOT_PROMPTED)
    _taken, left_out = allowed(template, values.get("extra_data") or {})
    if left_out:
        raise invalid(
            "extra_data",
            f"Variables {', '.join(left_out)} are not allowed on launch. Check the Prompt on Launch setting "
            "on the Job Template to include Extra Variables.",
        )
    problems = answer_problems(template, values.get("extra_data") or {}, complete)
    if problems:
        raise Refusal(400, {"variables_needed_to_start": problems})
