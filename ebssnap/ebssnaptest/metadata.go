package ebssnaptest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

const metadataToken = "AQAEAopskit=="

// metadata answers as IMDSv2 does: without a token everything is 401.
func (s *Server) metadata(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	var here Instance
	if len(s.instances) > 0 {
		here = s.instances[0]
	}
	s.mu.Unlock()
	role := s.Role
	if role == "" {
		role = "backup"
	}
	lasting := s.Expire
	if lasting == 0 {
		lasting = 6 * time.Hour
	}
	if r.Method == http.MethodPut && r.URL.Path == "/latest/api/token" {
		if r.Header.Get("X-Aws-Ec2-Metadata-Token-Ttl-Seconds") == "" {
			http.Error(w, "Bad Request", http.StatusBadRequest)
			return
		}
		w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "21600")
		fmt.Fprint(w, metadataToken)
		return
	}
	if r.Header.Get("X-Aws-Ec2-Metadata-Token") != metadataToken {
		http.Error(w, "Unauthorized", http.StatusUnauthorized)
		return
	}
	if here.ID == "" {
		http.NotFound(w, r)
		return
	}
	switch strings.TrimSuffix(r.URL.Path, "/") {
	case "/latest/meta-data/instance-id":
		fmt.Fprint(w, here.ID)
	case "/latest/meta-data/placement/region":
		fmt.Fprint(w, here.Region)
	case "/latest/dynamic/instance-identity/document":
		writeJSON(w, map[string]string{
			"instanceId": here.ID, "region": here.Region, "availabilityZone": here.Zone,
			"accountId": "123456789012", "architecture": "x86_64", "version": "2017-09-30",
		})
	case "/latest/meta-data/block-device-mapping":
		fmt.Fprint(w, strings.Join(slices.Sorted(maps.Keys(here.mapping())), "\n"))
	case "/latest/meta-data/iam/security-credentials":
		fmt.Fprint(w, role)
	case "/latest/meta-data/iam/security-credentials/" + role:
		writeJSON(w, map[string]string{
			"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": "ASIAFAKE", "SecretAccessKey": "not-a-secret", "Token": "fake",
			"LastUpdated": time.Now().UTC().Format(time.RFC3339), "Expiration": time.Now().Add(lasting).UTC().Format(time.RFC3339),
		})
	default:
		name, found := strings.CutPrefix(r.URL.Path, "/latest/meta-data/block-device-mapping/")
		device, known := here.mapping()[name]
		if !found || !known {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, device)
	}
}

// mapping is what the metadata service says of the disks at launch: the root device as "root" and
// "ami", and the instance's own disks as "ephemeral0" and so on.
func (i Instance) mapping() map[string]string {
	known := map[string]string{}
	if i.Root != "" {
		known["root"], known["ami"] = i.Root, strings.TrimPrefix(i.Root, "/dev/")
	}
	for n, device := range i.Stores {
		known[fmt.Sprintf("ephemeral%d", n)] = device
	}
	return known
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the client sees a short answer
}
