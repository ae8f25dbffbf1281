package ebssnaptest

import (
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const namespace = "http://ec2.amazonaws.com/doc/2016-11-15/"

// ec2 answers one request of the EC2 query protocol.
func (s *Server) ec2(w http.ResponseWriter, r *http.Request) {
	arrived := time.Now()
	if err := r.ParseForm(); err != nil {
		fail(w, http.StatusBadRequest, "MalformedQueryString", err.Error())
		return
	}
	form := r.PostForm
	action, dry := form.Get("Action"), form.Get("DryRun") == "true"
	s.record(Request{Action: action, DryRun: dry, At: arrived, Remote: r.RemoteAddr})
	if !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ") {
		fail(w, http.StatusUnauthorized, "AuthFailure", "AWS was not able to validate the provided access credentials")
		return
	}
	if s.Skew != 0 && s.misdated(w, r) {
		fail(w, http.StatusBadRequest, "RequestExpired", "Request has expired.")
		return
	}
	s.mu.Lock()
	denied := s.denied[action]
	s.mu.Unlock()
	if denied || s.tagsDenied(action, form) {
		fail(w, http.StatusForbidden, "UnauthorizedOperation", "You are not authorized to perform this operation.")
		return
	}
	if dry {
		fail(w, http.StatusPreconditionFailed, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
		return
	}
	switch action {
	case "CreateSnapshot", "CreateSnapshots":
		s.create(w, action, form)
	case "DescribeSnapshots":
		s.describeSnapshots(w, form)
	case "DescribeInstances":
		s.describeInstances(w, form)
	case "CreateTags":
		s.createTags(w, form)
	case "DeleteSnapshot":
		s.deleteSnapshot(w, form)
	default:
		fail(w, http.StatusBadRequest, "InvalidAction", "The action "+action+" is not valid for this web service.")
	}
}

// misdated reports whether a request was signed at a time too far from the server's, and tells that
// time in the answer.
func (s *Server) misdated(w http.ResponseWriter, r *http.Request) bool {
	now := time.Now().Add(s.Skew)
	w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
	signed, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	return err != nil || now.Sub(signed).Abs() > 15*time.Minute
}

// tagsDenied applies what IAM does: tags in a TagSpecification need ec2:CreateTags with the
// condition ec2:CreateAction.
func (s *Server) tagsDenied(action string, form url.Values) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.denied["CreateTags:"+action] && form.Get("TagSpecification.1.Tag.1.Key") != ""
}

// create creates snapshots, with the fault that is next.
func (s *Server) create(w http.ResponseWriter, action string, form url.Values) {
	s.wait(s.Latency / 2)
	volumes, complaint := s.volumesOf(action, form)
	if complaint != "" {
		fail(w, http.StatusBadRequest, "InvalidVolume.NotFound", complaint)
		return
	}
	tags := tagsOf(form, "TagSpecification.1.Tag.")
	s.mu.Lock()
	fault := FaultNone
	if len(s.faults) > 0 {
		fault, s.faults = s.faults[0], s.faults[1:]
	}
	s.mu.Unlock()
	var taken []*Snapshot
	switch fault {
	case FaultThrottle:
		fail(w, http.StatusServiceUnavailable, "RequestLimitExceeded", "Request limit exceeded.")
		return
	case FaultVolumeRate:
		fail(w, http.StatusBadRequest, "SnapshotCreationPerVolumeRateExceeded", "The maximum per volume CreateSnapshot request rate has been exceeded. Use an increasing or variable sleep interval between requests.")
		return
	case FaultServerError:
		fail(w, http.StatusInternalServerError, "InternalError", "An internal error has occurred")
		return
	case FaultHang:
		<-s.done
		drop(w)
		return
	case FaultDropRequest:
		drop(w)
		return
	case FaultLateExecution:
		s.work.Go(func() {
			s.wait(s.delay())
			s.snapshot(volumes, tags, 0)
		})
		drop(w)
		return
	case FaultDropResponse:
		s.snapshot(volumes, tags, 0)
		drop(w)
		return
	case FaultDropLateVisibility:
		s.snapshot(volumes, tags, s.delay())
		drop(w)
		return
	case FaultLate:
		s.wait(s.delay())
		taken = s.snapshot(volumes, tags, 0)
	case FaultLateVisibility:
		taken = s.snapshot(volumes, tags, s.delay())
	default:
		taken = s.snapshot(volumes, tags, 0)
	}
	s.wait(s.Latency / 2)
	if action == "CreateSnapshot" {
		answer(w, "CreateSnapshotResponse", describe(taken[0], "pending", ""))
		return
	}
	var items []snapshotXML
	for _, snapshot := range taken {
		item := describe(snapshot, "", "")
		item.State = "pending"
		items = append(items, item)
	}
	answer(w, "CreateSnapshotsResponse", snapshotSetXML{Items: items})
}

// volumesOf returns the volumes that a request is about, or what EC2 would complain about.
func (s *Server) volumesOf(action string, form url.Values) (volumes []string, complaint string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if action == "CreateSnapshot" {
		volume := form.Get("VolumeId")
		for _, instance := range s.instances {
			for _, v := range instance.Devices {
				if v == volume {
					return []string{volume}, ""
				}
			}
		}
		return nil, "The volume '" + volume + "' does not exist."
	}
	id := form.Get("InstanceSpecification.InstanceId")
	var excluded []string
	for i := 1; form.Get(fmt.Sprintf("InstanceSpecification.ExcludeDataVolumeId.%d", i)) != ""; i++ {
		excluded = append(excluded, form.Get(fmt.Sprintf("InstanceSpecification.ExcludeDataVolumeId.%d", i)))
	}
	for _, instance := range s.instances {
		if instance.ID != id {
			continue
		}
		for _, device := range slices.Sorted(maps.Keys(instance.Devices)) {
			volume := instance.Devices[device]
			if slices.Contains(excluded, volume) || device == instance.Root && form.Get("InstanceSpecification.ExcludeBootVolume") == "true" {
				continue
			}
			volumes = append(volumes, volume)
		}
		return volumes, ""
	}
	return nil, "The instance ID '" + id + "' does not exist"
}

// snapshot takes snapshots of volumes at one instant: now.
func (s *Server) snapshot(volumes []string, tags map[string]string, hidden time.Duration) []*Snapshot {
	s.mu.Lock()
	onCreate := s.onCreate
	s.mu.Unlock()
	if onCreate != nil {
		onCreate(volumes)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	var taken []*Snapshot
	for _, volume := range volumes {
		s.count++
		taken = append(taken, &Snapshot{
			ID: fmt.Sprintf("snap-%017x", s.count), Volume: volume, Tags: maps.Clone(tags),
			Taken: now, Visible: now.Add(hidden),
		})
	}
	s.snapshots = append(s.snapshots, taken...)
	return taken
}

func (s *Server) describeSnapshots(w http.ResponseWriter, form url.Values) {
	wanted := values(form, "SnapshotId.")
	filters := filtersOf(form)
	s.mu.Lock()
	defer s.mu.Unlock()
	set := snapshotSetXML{}
	for _, snapshot := range s.snapshots {
		switch {
		case snapshot.Deleted, time.Now().Before(snapshot.Visible):
			continue
		case len(wanted) > 0 && !slices.Contains(wanted, snapshot.ID), !matches(snapshot, filters):
			continue
		}
		snapshot.described++
		state, progress := "completed", "100%"
		if snapshot.described <= s.Pending {
			state, progress = "pending", fmt.Sprintf("%d%%", 100*(snapshot.described-1)/(s.Pending+1))
		}
		if snapshot.State != "" {
			state, progress = snapshot.State, ""
		}
		set.Items = append(set.Items, describe(snapshot, state, progress))
	}
	if len(wanted) > len(set.Items) {
		fail(w, http.StatusBadRequest, "InvalidSnapshot.NotFound", "The snapshot '"+strings.Join(wanted, "', '")+"' does not exist.")
		return
	}
	answer(w, "DescribeSnapshotsResponse", set)
}

func (s *Server) describeInstances(w http.ResponseWriter, form url.Values) {
	wanted := values(form, "InstanceId.")
	filters := filtersOf(form)
	s.mu.Lock()
	defer s.mu.Unlock()
	var set reservationSetXML
	for _, instance := range s.instances {
		volumes := slices.Collect(maps.Values(instance.Devices))
		byVolume := filters["block-device-mapping.volume-id"]
		if len(wanted) > 0 && !slices.Contains(wanted, instance.ID) ||
			len(byVolume) > 0 && !slices.ContainsFunc(byVolume, func(v string) bool { return slices.Contains(volumes, v) }) {
			continue
		}
		item := instanceXML{ID: instance.ID, RootDevice: instance.Root, Zone: instance.Zone}
		for _, device := range slices.Sorted(maps.Keys(instance.Devices)) {
			item.Devices = append(item.Devices, deviceXML{Name: device, Volume: instance.Devices[device], Status: "attached"})
		}
		set.Items = append(set.Items, reservationXML{ID: "r-0", Instances: []instanceXML{item}})
	}
	if len(wanted) > 0 && len(set.Items) == 0 {
		fail(w, http.StatusBadRequest, "InvalidInstanceID.NotFound", "The instance ID '"+wanted[0]+"' does not exist")
		return
	}
	answer(w, "DescribeInstancesResponse", set)
}

func (s *Server) createTags(w http.ResponseWriter, form url.Values) {
	ids := values(form, "ResourceId.")
	tags := tagsOf(form, "Tag.")
	s.mu.Lock()
	defer s.mu.Unlock()
	var known []*Snapshot
	for _, snapshot := range s.snapshots {
		if slices.Contains(ids, snapshot.ID) && !snapshot.Deleted && !time.Now().Before(snapshot.Visible) {
			known = append(known, snapshot)
		}
	}
	if len(known) < len(ids) {
		fail(w, http.StatusBadRequest, "InvalidSnapshot.NotFound", "The snapshots '"+strings.Join(ids, "', '")+"' do not all exist.")
		return
	}
	for _, snapshot := range known {
		maps.Copy(snapshot.Tags, tags)
	}
	answer(w, "CreateTagsResponse", returnXML{Return: true})
}

func (s *Server) deleteSnapshot(w http.ResponseWriter, form url.Values) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, snapshot := range s.snapshots {
		if snapshot.ID == form.Get("SnapshotId") && !snapshot.Deleted {
			snapshot.Deleted = true
			answer(w, "DeleteSnapshotResponse", returnXML{Return: true})
			return
		}
	}
	fail(w, http.StatusBadRequest, "InvalidSnapshot.NotFound", "The snapshot '"+form.Get("SnapshotId")+"' does not exist.")
}

// drop closes the connection without an answer; where HTTP does not allow that, the answer is 500,
// which proves as little.
func drop(w http.ResponseWriter) {
	if hijacker, ok := w.(http.Hijacker); ok {
		if connection, _, err := hijacker.Hijack(); err == nil {
			_ = connection.Close()
			return
		}
	}
	w.WriteHeader(http.StatusInternalServerError)
}

func answer(w http.ResponseWriter, name string, body any) {
	w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	fmt.Fprint(w, xml.Header)
	encoder := xml.NewEncoder(w)
	_ = encoder.EncodeElement(envelopeXML{Namespace: namespace, RequestID: "59dbff89-35bd-4eac-99ed-be587EXAMPLE", Body: body}, xml.StartElement{Name: xml.Name{Local: name}}) // the client sees a short answer
}

func fail(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	w.WriteHeader(status)
	var body errorXML
	body.Error.Code, body.Error.Message, body.RequestID = code, message, "ea966190-f9aa-478e-9ede-example"
	fmt.Fprint(w, xml.Header)
	_ = xml.NewEncoder(w).Encode(body) // the client sees a short answer
}
