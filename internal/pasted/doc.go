// Package pasted makes text from web pages, mails, terminals and editors into
// the text that was copied there: a line that a web page shows aligned may hold
// no-break spaces, a page's quotes may be typographic, and a terminal's scrollback
// holds prompts. Nothing of that is seen by whoever pastes it, and a parser reads
// it wrongly.
//
// [Clean] undoes it and tells what it did. The lines keep their numbers, so that
// a reader of the clean text can name the line of the raw one, which stays with
// the caller.
//
// What may be meant is left alone: ideographic spaces, guillemets, em dashes,
// joiners between letters of scripts that need them, comments that begin with
// '#' or '%', bytes of a charset that is not UTF-8 but for its no-break space and
// quotes.
package pasted
