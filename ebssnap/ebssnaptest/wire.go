package ebssnaptest

import (
	"encoding/xml"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

type envelopeXML struct {
	Namespace string `xml:"xmlns,attr"`
	RequestID string `xml:"requestId"`
	Body      any    `xml:",any"`
}

// MarshalXML writes the fields of Body beside requestId, as EC2 does.
func (e envelopeXML) MarshalXML(encoder *xml.Encoder, start xml.StartElement) error {
	start.Attr = append(start.Attr, xml.Attr{Name: xml.Name{Local: "xmlns"}, Value: e.Namespace})
	if err := encoder.EncodeToken(start); err != nil {
		return err
	}
	if err := encoder.EncodeElement(e.RequestID, xml.StartElement{Name: xml.Name{Local: "requestId"}}); err != nil {
		return err
	}
	fields, ok := e.Body.(fielder)
	if !ok {
		return fmt.Errorf("no fields in %T", e.Body)
	}
	if err := fields.encode(encoder); err != nil {
		return err
	}
	return encoder.EncodeToken(start.End())
}

// fielder is the body of an answer.
type fielder interface {
	encode(encoder *xml.Encoder) error
}

func element(encoder *xml.Encoder, name string, v any) error {
	return encoder.EncodeElement(v, xml.StartElement{Name: xml.Name{Local: name}})
}

type tagXML struct {
	Key   string `xml:"key"`
	Value string `xml:"value"`
}

type snapshotXML struct {
	ID       string   `xml:"snapshotId"`
	Volume   string   `xml:"volumeId"`
	Status   string   `xml:"status,omitempty"` // CreateSnapshot and DescribeSnapshots
	State    string   `xml:"state,omitempty"`  // CreateSnapshots
	Started  string   `xml:"startTime"`
	Progress string   `xml:"progress"`
	Owner    string   `xml:"ownerId"`
	Size     int      `xml:"volumeSize"`
	Tags     []tagXML `xml:"tagSet>item"`
}

func (s snapshotXML) encode(encoder *xml.Encoder) error {
	for _, field := range []struct {
		name string
		v    any
	}{
		{"snapshotId", s.ID},
		{"volumeId", s.Volume},
		{"status", s.Status},
		{"startTime", s.Started},
		{"progress", s.Progress},
		{"ownerId", s.Owner},
		{"volumeSize", s.Size},
		{"tagSet", struct {
			Items []tagXML `xml:"item"`
		}{s.Tags}},
	} {
		if err := element(encoder, field.name, field.v); err != nil {
			return err
		}
	}
	return nil
}

type snapshotSetXML struct {
	Items []snapshotXML `xml:"item"`
}

func (s snapshotSetXML) encode(encoder *xml.Encoder) error { return element(encoder, "snapshotSet", s) }

type deviceXML struct {
	Name   string `xml:"deviceName"`
	Volume string `xml:"ebs>volumeId"`
	Status string `xml:"ebs>status"`
}

type instanceXML struct {
	ID         string      `xml:"instanceId"`
	RootDevice string      `xml:"rootDeviceName"`
	Zone       string      `xml:"placement>availabilityZone"`
	Devices    []deviceXML `xml:"blockDeviceMapping>item"`
}

type reservationXML struct {
	ID        string        `xml:"reservationId"`
	Instances []instanceXML `xml:"instancesSet>item"`
}

type reservationSetXML struct {
	Items []reservationXML `xml:"item"`
}

func (s reservationSetXML) encode(encoder *xml.Encoder) error {
	return element(encoder, "reservationSet", s)
}

type returnXML struct{ Return bool }

func (r returnXML) encode(encoder *xml.Encoder) error { return element(encoder, "return", r.Return) }

type errorXML struct {
	XMLName xml.Name `xml:"Response"`
	Error   struct {
		Code    string `xml:"Code"`
		Message string `xml:"Message"`
	} `xml:"Errors>Error"`
	RequestID string `xml:"RequestID"`
}

func describe(s *Snapshot, state, progress string) snapshotXML {
	x := snapshotXML{
		ID: s.ID, Volume: s.Volume, Status: state, Progress: progress, Owner: "123456789012", Size: 8,
		Started: s.Taken.UTC().Format("2006-01-02T15:04:05.000Z"),
	}
	for _, key := range slices.Sorted(maps.Keys(s.Tags)) {
		x.Tags = append(x.Tags, tagXML{key, s.Tags[key]})
	}
	return x
}

// values returns PREFIX1, PREFIX2, ... of a form.
func values(form url.Values, prefix string) []string {
	var all []string
	for i := 1; form.Get(fmt.Sprintf("%s%d", prefix, i)) != ""; i++ {
		all = append(all, form.Get(fmt.Sprintf("%s%d", prefix, i)))
	}
	return all
}

func tagsOf(form url.Values, prefix string) map[string]string {
	tags := map[string]string{}
	for i := 1; form.Get(fmt.Sprintf("%s%d.Key", prefix, i)) != ""; i++ {
		tags[form.Get(fmt.Sprintf("%s%d.Key", prefix, i))] = form.Get(fmt.Sprintf("%s%d.Value", prefix, i))
	}
	return tags
}

func filtersOf(form url.Values) map[string][]string {
	filters := map[string][]string{}
	for i := 1; form.Get(fmt.Sprintf("Filter.%d.Name", i)) != ""; i++ {
		filters[form.Get(fmt.Sprintf("Filter.%d.Name", i))] = values(form, fmt.Sprintf("Filter.%d.Value.", i))
	}
	return filters
}

func matches(s *Snapshot, filters map[string][]string) bool {
	for name, wanted := range filters {
		key, isTag := strings.CutPrefix(name, "tag:")
		value, has := s.Tags[key]
		switch {
		case isTag:
			if !has || !slices.Contains(wanted, value) {
				return false
			}
		case name == "volume-id":
			if !slices.Contains(wanted, s.Volume) {
				return false
			}
		case name == "tag-key":
			if !slices.ContainsFunc(wanted, func(k string) bool { _, ok := s.Tags[k]; return ok }) {
				return false
			}
		}
	}
	return true
}
