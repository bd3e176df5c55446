// Holds bodies of requests against the models of Grafana's own OpenAPI description.
//
// Each line of standard input is {"model": NAME, "body": ...}; each line of standard output what is wrong with that body, or
// nothing. A field that the model does not know is wrong: Grafana would drop it without a word. Two names are no models: an
// "annotation" is parsed as the template that it is, and of "spoken" the answer is what a template of notifications says.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/template"

	"github.com/go-openapi/strfmt"
	"github.com/grafana/grafana-openapi-client-go/models"
)

type validated interface {
	Validate(strfmt.Registry) error
}

func model(name string) (validated, error) {
	switch name {
	case "rule":
		return &models.ProvisionedAlertRule{}, nil
	case "group":
		return &models.AlertRuleGroup{}, nil
	case "contact":
		return &models.EmbeddedContactPoint{}, nil
	case "policy":
		return &models.Route{}, nil
	case "mute":
		return &models.MuteTimeInterval{}, nil
	case "template":
		return &models.NotificationTemplateContent{}, nil
	case "dashboard":
		return &models.SaveDashboardCommand{}, nil
	case "folder":
		return &models.CreateFolderCommand{}, nil
	case "source":
		return &models.AddDataSourceCommand{}, nil
	case "folder-change":
		return &models.UpdateFolderCommand{}, nil
	}
	return nil, fmt.Errorf("expected the name of a model, got %q", name)
}

// What Grafana gives to a template of notifications, as far as ours asks: https://grafana.com/docs, "Notification template reference".
type alert struct {
	Status                                           string
	Labels, Annotations                              map[string]string
	PanelURL, DashboardURL, GeneratorURL, SilenceURL string
}

type alerts []alert

func (a alerts) of(status string) alerts {
	var found alerts
	for _, one := range a {
		if one.Status == status {
			found = append(found, one)
		}
	}
	return found
}

func (a alerts) Firing() alerts   { return a.of("firing") }
func (a alerts) Resolved() alerts { return a.of("resolved") }

type notification struct {
	Status       string
	Alerts       alerts
	CommonLabels map[string]string
}

// What a template says of some alerts: each of its definitions that is asked for, or why it cannot.
func spoken(body json.RawMessage) (string, error) {
	var asked struct {
		Text  string       `json:"text"`
		Names []string     `json:"names"`
		Data  notification `json:"data"`
	}
	if err := json.Unmarshal(body, &asked); err != nil {
		return "", err
	}
	parsed, err := template.New("").Option("missingkey=zero").Parse(asked.Text)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for _, name := range asked.Names {
		if err := parsed.ExecuteTemplate(&out, name, asked.Data); err != nil {
			return "", err
		}
		out.WriteString("\n")
	}
	return out.String(), nil
}

// Why an annotation is no template, as Grafana begins one.
func annotation(body json.RawMessage) error {
	var text string
	if err := json.Unmarshal(body, &text); err != nil {
		return err
	}
	_, err := template.New("").Parse("{{- $labels := .Labels -}}{{- $values := .Values -}}{{- $value := .Value -}}" + text)
	return err
}

func fault(line []byte) string {
	var asked struct {
		Model string          `json:"model"`
		Body  json.RawMessage `json:"body"`
	}
	if err := json.Unmarshal(line, &asked); err != nil {
		return err.Error()
	}
	switch asked.Model {
	case "spoken":
		said, err := spoken(asked.Body)
		if err != nil {
			return err.Error()
		}
		return said
	case "annotation":
		if err := annotation(asked.Body); err != nil {
			return err.Error()
		}
		return ""
	}
	known, err := model(asked.Model)
	if err != nil {
		return err.Error()
	}
	decoder := json.NewDecoder(bytes.NewReader(asked.Body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(known); err != nil {
		return err.Error()
	}
	if err := known.Validate(strfmt.Default); err != nil {
		return err.Error()
	}
	return ""
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 0, 1<<20), 1<<26)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		if err := out.Encode(fault(lines.Bytes())); err != nil {
			panic(err)
		}
	}
	if err := lines.Err(); err != nil {
		panic(err)
	}
}
