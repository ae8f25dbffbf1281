package whoislookup

import "strings"

// What servers say in other languages than English, in lower case as far as
// ASCII goes: the first letter of a word that may be a capital outside of ASCII
// is left out.

// throttledAbroad stand in a line of a server that was asked too much.
var throttledAbroad = phraseSet{
	'a': {"anfragelimit"},         // German
	'c': {"consultas excedido"},   // Portuguese
	'd': {"demasiadas consultas"}, // Spanish
	'e': {"excedido el n"},        // Spanish
	'h': {"ha excedido", "ha sido excedido"},
	'l': {"limite de consultas"},                                                        // Spanish, Portuguese
	'm': {"massimo di richieste", "maximal de requ"},                                    // Italian, French
	'p': {"przekroczono limit"},                                                         // Polish
	't': {"te veel aanvragen", "te veel verzoeken", "trop de requ", "troppe richieste"}, // Dutch, French, Italian
	'z': {"zbyt wiele zapyta", "zu viele abfragen", "zu viele anfragen"},                // Polish, German
}

// absentAbroad stand in a line about something that the registry does not know.
var absentAbroad = phraseSet{
	'a': {"aucun enregistrement"},                                            // French
	'd': {"domaine disponible", "dominio disponibile", "dominio disponible"}, // French, Italian, Spanish
	'k': {"kay\u0131t bulunamad", "kay\u0131tl\u0131 de", "kein eintrag"},    // Turkish, German
	'n': {
		"n'est pas enregistr", "n'existe pas", "non enregistr", // French
		"n\u00e3o encontrado", "n\u00e3o existe", "n\u00e3o regist", "nao encontrado", "nao registrado", // Portuguese
		"nicht gefunden", "nicht registriert", "nicht vergeben", // German
		"nie jest zarejestrowan", "nie znaleziono", // Polish
		"niet geregistreerd", "niet gevonden", // Dutch
		"no est\u00e1 registrado", "no esta registrado", "no se encuentra registrado", // Spanish
		"non esiste", "non registrato", "non trovato", // Italian
	},
}

var (
	// throttledInScript and absentInScript are the same in other scripts.
	throttledInScript = [...]string{
		"ревышен лимит", "лишком много запросов", // Russian
		"查询过于频繁", "查詢過於頻繁", "请稍后再试", "請稍後再試", // Chinese
		"制限を超え", // Japanese
	}
	absentInScript = [...]string{
		"е найден", "е зарегистрирован", // Russian
		"未注册", "未註冊", "没有找到", "查無資料", // Chinese
		"登録されていません", "見つかりません", // Japanese
		"등록되어 있지 않습니다", // Korean
	}
)

// messageAbroad is messageClass for other languages.
func messageAbroad(low string) Verdict {
	switch {
	case throttledAbroad.in(low):
		return VerdictThrottled
	case absentAbroad.in(low):
		return VerdictNotFound
	case isASCII(low):
		return VerdictUnknown
	}
	for _, p := range throttledInScript {
		if strings.Contains(low, p) {
			return VerdictThrottled
		}
	}
	for _, p := range absentInScript {
		if strings.Contains(low, p) {
			return VerdictNotFound
		}
	}
	return VerdictUnknown
}
