module github.com/opskit-go/opskit/internal/peers/reaper

go 1.26.0

require (
	github.com/hashicorp/go-reap v0.0.0-20170704170343-bf58d8a43e7b
	github.com/opskit-go/opskit v0.0.0-00010101000000-000000000000
	github.com/stretchr/testify v1.12.1
	golang.org/x/sys v0.49.0
)

require go.yaml.in/yaml/v3 v3.0.5 // indirect

replace github.com/opskit-go/opskit => ../../..
