# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Workflows of the stand-in, node after node as AWX goes through them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .jobs import Job, Runner
from .objects import Thing, Values


@dataclass
class Went:
    """The result of a workflow. nodes: identifier to its jobs, in the order in which they ran."""

    nodes: dict[str, list[Job]] = field(default_factory=dict)
    artifacts: Values = field(default_factory=dict)
    unhandled: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """True if AWX calls the workflow successful: each failed node has a way on."""
        return not self.unhandled

    @property
    def changed(self) -> int:
        return sum(job.changed for jobs in self.nodes.values() for job in jobs)


def run_workflow(runner: Runner, name: str, answers: Mapping[str, Any] | None = None) -> Went:
    """Run a workflow and give every approval. answers: to its survey, passed to each of its jobs."""
    awx = runner.awx
    workflow = awx.find("workflow_job_templates", name)
    nodes = [
        each
        for each in awx.objects.of("workflow_job_template_nodes")
        if each.values["workflow_job_template"] == workflow.id
    ]
    targets = {number for node in nodes for numbers in node.links.values() for number in numbers}
    ahead = [node for node in nodes if node.id not in targets]
    went = Went()
    while ahead:
        node = ahead.pop(0)
        good = _run_node(runner, node, went, answers or {})
        after = [
            *awx.linked(node, "success_nodes" if good else "failure_nodes"),
            *awx.linked(node, "always_nodes"),
        ]
        if not good and not after:
            went.unhandled.append(node.name)
        ahead += [each for each in after if each not in ahead]
    return went


def _run_node(runner: Runner, node: Thing, went: Went, answers: Mapping[str, Any]) -> bool:
    template = runner.awx.objects.things[node.values["unified_job_template"]]
    if template.resource == "workflow_approval_templates":
        went.nodes[node.name] = []
        return True
    jobs = runner.launch(template.name, artifacts={**went.artifacts, **answers})
    went.nodes[node.name] = jobs
    for job in jobs:
        for name, value in job.artifacts.items():
            went.artifacts[name] = value
    return all(job.good for job in jobs)
