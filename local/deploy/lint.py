"""SAM's own validation of the template; then cfn-lint and checkov, on the template and on what SAM
makes of it. No finding is let pass without a written reason: in a resource's Metadata or
in accepted.toml."""

import json
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import template as sam
from own_venv import made
from programs import Failure

HERE = Path(__file__).resolve().parent
ACCEPTED = HERE / "accepted.toml"
# The folder with SAM's pins.
SAM = HERE / "sam"
# What checkov says for a skip without a comment.
NO_COMMENT = {"", "No comment provided"}


@dataclass(frozen=True)
class Finding:
    """What a tool complains of."""

    rule: str
    resource: str
    text: str
    file: str

    def __str__(self) -> str:
        return f"{self.file}: {self.resource}: {self.rule} {self.text}"


def run(root: Path, target: Path) -> int:
    """0 when every finding has its reason."""
    source = root / "template.yaml"
    _validate(source, target)
    accepted = _accepted()
    problems = _silenced(sam.read(source))
    with tempfile.TemporaryDirectory(prefix="lint-") as folder:
        translated = Path(folder) / "translated.json"
        translated.write_text(json.dumps(sam.translate(sam.read(source), {}), indent=1))
        found = [finding for file in (source, translated) for tool in (_cfn_lint, _checkov)
                 for finding in tool(file, Path(folder))]
    for entry in accepted:
        if not any(_covers(entry, finding) for finding in found):
            problems.append(f"{ACCEPTED.name}: {entry['rule']} on {entry['resource']} is not found"
                            " any more: take it away")
    problems += [str(finding) for finding in found
                 if not any(_covers(entry, finding) for entry in accepted)]
    print("\n".join(problems) or f"{len(found)} findings, each with its reason")
    return 1 if problems else 0


def _validate(file: Path, target: Path) -> None:
    """`sam validate --lint`, as whoever deploys would run it."""
    command = [str(made(SAM, target) / "bin" / "sam"), "validate", "--lint", "--template", str(file)]
    with tempfile.TemporaryDirectory(prefix="sam-") as folder:
        environment = _environment(Path(folder)) | {"SAM_CLI_TELEMETRY": "0"}
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"sam validate --lint:\n{done.stdout}{done.stderr}")


def _accepted() -> list[dict]:
    entries = tomllib.loads(ACCEPTED.read_text()).get("accepted", [])
    for entry in entries:
        if not (entry.get("rule") and entry.get("resource") and entry.get("reason", "").strip()):
            raise Failure(f"{ACCEPTED.name}: {entry} needs rule, resource and reason")
    return entries


def _covers(entry: dict, finding: Finding) -> bool:
    return entry["rule"] == finding.rule and fnmatchcase(finding.resource, entry["resource"])


def _silenced(template: dict) -> list[str]:
    """cfn-lint's own way to ignore a rule, which SAM follows too, asks for no reason; we do."""
    places = {"the template": template} | template["Resources"]
    ignored = {name: place.get("Metadata", {}).get("cfn-lint") for name, place in places.items()}
    return [f"{name}: Metadata for cfn-lint gives no reason" for name, config in ignored.items()
            if config is not None and not config.get("reason", "").strip()]


def _cfn_lint(file: Path, folder: Path) -> list[Finding]:
    return [Finding(each["Rule"]["Id"], ".".join(map(str, each["Location"]["Path"][1:2])),
                    each["Message"], file.name)
            for each in _json_of(folder, "cfn-lint", "--format", "json", "--template", str(file))]


def _checkov(file: Path, folder: Path) -> list[Finding]:
    options = ["--framework", "cloudformation", "--skip-download", "--compact", "--output", "json"]
    report = _json_of(folder, "checkov", "--file", str(file), *options)
    if report["summary"]["parsing_errors"] or not report["summary"]["resource_count"]:
        raise Failure(f"checkov cannot read {file.name}")
    results = report["results"]
    unreasoned = [check for check in results["skipped_checks"]
                  if check["check_result"]["suppress_comment"].strip() in NO_COMMENT]
    return [Finding(check["check_id"], check["resource"].rpartition(".")[2], check["check_name"],
                    file.name)
            for check in results["failed_checks"] + unreasoned]


def _json_of(folder: Path, tool: str, *options: str):
    """What a tool tells. It runs where no configuration of its own can change what it finds."""
    command = [str(Path(sys.prefix) / "bin" / tool), *options]
    done = subprocess.run(command, cwd=folder, env=_environment(folder), capture_output=True,
                          text=True)
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        raise Failure(f"{tool} ended with {done.returncode}:\n{done.stdout}{done.stderr}") from None


def _environment(folder: Path) -> dict[str, str]:
    return {"HOME": str(folder), "PATH": str(Path(sys.prefix) / "bin"),
            "AWS_DEFAULT_REGION": "us-east-1"}
