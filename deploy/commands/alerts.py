"""``steadyline alerts``: who is told what: the policy held against the agreements, and against history."""

import typer

from deploy.commands import alerts_act, alerts_check, alerts_people, alerts_run, alerts_simulate
from deploy.commands.options import examples

app = typer.Typer(
    help="Who is told what when something lapses.",
    no_args_is_help=True,
    epilog=examples("steadyline alerts check policy.toml", "steadyline alerts simulate us-china-2022"),
)
app.command(epilog=alerts_check.EXAMPLES)(alerts_check.check)
app.command(epilog=alerts_check.EXAMPLE_EXAMPLES)(alerts_check.example)
app.command(epilog=alerts_simulate.EXAMPLES)(alerts_simulate.simulate)
app.command(epilog=alerts_run.RUN_EXAMPLES)(alerts_run.run)
app.command("test", epilog=alerts_run.TEST_EXAMPLES)(alerts_run.try_out)
app.add_typer(alerts_people.app, name="people")
alerts_act.register(app)
