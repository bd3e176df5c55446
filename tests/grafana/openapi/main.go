// Holds bodies of requests against the models of Grafana's own OpenAPI description.
//
// Each line of standard input is {"model": NAME, "body": ...}; each line of standard output what is wrong with that body, or
// nothing. A field that the model does not know is wrong: Grafana would drop it without a word.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"

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
	case "folder-change":
		return &models.UpdateFolderCommand{}, nil
	}
	return nil, fmt.Errorf("expected the name of a model, got %q", name)
}

func fault(line []byte) string {
	var asked struct {
		Model string          `json:"model"`
		Body  json.RawMessage `json:"body"`
	}
	if err := json.Unmarshal(line, &asked); err != nil {
		return err.Error()
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
