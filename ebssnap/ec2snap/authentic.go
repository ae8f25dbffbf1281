package ec2snap

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// strict is an HTTP client that takes nothing for an answer of EC2 but an answer of EC2.
type strict struct{ client aws.HTTPClient }

// Do sends one request, and reads the whole answer.
func (s strict) Do(request *http.Request) (*http.Response, error) {
	response, err := s.client.Do(request)
	if err != nil {
		return response, err
	}
	return authentic(response)
}

// document is what all answers of EC2's query protocol have in common: <ACTIONResponse> with a
// requestId, or <Response> with <Errors> and a RequestID.
type document struct {
	XMLName   xml.Name
	RequestID string   `xml:"requestId"`
	Refusal   string   `xml:"RequestID"`
	Codes     []string `xml:"Errors>Error>Code"`
}

// authentic reads the answer, and returns it if EC2 wrote it: a whole document with a request ID,
// that says what its HTTP status says. What a proxy, a load balancer, a portal or another service
// wrote proves nothing of what EC2 did, whatever its status: it becomes an error.
func authentic(response *http.Response) (*http.Response, error) {
	text, err := io.ReadAll(response.Body)
	_ = response.Body.Close() // it was read
	if err != nil {
		return nil, fmt.Errorf("the answer was cut off: %w", err)
	}
	response.Body = io.NopCloser(bytes.NewReader(text))
	var d document
	decoder := xml.NewDecoder(bytes.NewReader(text))
	err = decoder.Decode(&d)
	if err == nil {
		if _, err = decoder.Token(); errors.Is(err, io.EOF) {
			err = nil
		} else if err == nil {
			err = errors.New("more after its end")
		}
	}
	name := d.XMLName.Local
	refused := name == "Response" && d.Refusal != "" && len(d.Codes) > 0 && d.Codes[0] != ""
	done := name != "Response" && strings.HasSuffix(name, "Response") && name != "ErrorResponse" && d.RequestID != ""
	if success := response.StatusCode/100 == 2; err == nil && (success && done || response.StatusCode >= 400 && refused) {
		return response, nil
	}
	return nil, &stranger{response.StatusCode, response.Header.Get("Server")}
}

// stranger is an answer that EC2 did not write.
type stranger struct {
	status int
	server string
}

func (s *stranger) Error() string {
	by := ""
	if s.server != "" {
		by = fmt.Sprintf(" (Server: %q)", s.server)
	}
	return fmt.Sprintf("HTTP status %d%s, and no answer of EC2: something between wrote it, or this is no endpoint of EC2", s.status, by)
}

// RetryableError lets the SDK try again what may pass later; a request that creates is sent once
// whatever this says.
func (s *stranger) RetryableError() bool {
	return s.status >= 500 || s.status == http.StatusTooManyRequests
}
