package whoislookup

// readDomain fills the record from an answer about a domain name. It returns
// false if the answer holds none.
func (r *reader) readDomain(p *part) bool { return false }

// mergeDomain fills what the registry does not say with what the registrar
// does.
func mergeDomain(into, from *Record) {}
