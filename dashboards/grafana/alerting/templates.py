"""What a notification says: each alert with its evidence and the way to the page that shows it."""

NAME = "steadyline"
# Without any ``$``: in files that Grafana provisions itself from, it would be taken for a variable of the environment.
TEXT = """\
{{ define "steadyline.title" -}}
{{ if eq .CommonLabels.exercise "yes" }}EXERCISE EXERCISE EXERCISE {{ end -}}
[{{ if eq .Status "firing" }}{{ .CommonLabels.severity }}{{ else }}resolved{{ end }}] \
{{ .CommonLabels.alertname }}{{ if .CommonLabels.dyad }}, {{ .CommonLabels.dyad }}{{ end }}
{{- end }}

{{ define "steadyline.alert" -}}
{{ if .Annotations.summary }}{{ .Annotations.summary }}{{ else }}{{ .Labels.alertname }} {{ .Labels.rulename }}{{ end }}
{{ .Annotations.description }}
{{ if .PanelURL }}{{ .PanelURL }}{{ else }}{{ .GeneratorURL }}{{ end }}
{{ if .SilenceURL }}Silence: {{ .SilenceURL }}{{ end }}
{{- end }}

{{ define "steadyline.message" -}}
{{ if eq .CommonLabels.exercise "yes" }}EXERCISE EXERCISE EXERCISE: nothing of this is happening.
{{ end -}}
{{ range .Alerts.Firing }}{{ template "steadyline.alert" . }}
{{ end }}{{ range .Alerts.Resolved }}Resolved: {{ template "steadyline.alert" . }}
{{ end }}
{{- end }}
"""


def template() -> dict[str, object]:
    """The template as the provisioning API takes it."""
    return {"name": NAME, "template": TEXT}
