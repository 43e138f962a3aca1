/** Texts that tend to break parsers, databases, logs, mails and pages. */
export const NASTY_TEXTS = {
  nul: 'a\0b',
  'lone surrogate': 'a\uD800b',
  'line break': 'a\r\nBcc: evil@example.com',
  'terminal escape': 'a\u001B[31mb',
  'right to left': 'a\u202Eb',
  long: 'a'.repeat(10_000),
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a template that must not be evaluated
  template: '${7*7}{{7*7}}<%= 7*7 %>',
  sql: "' OR '1'='1'; --",
  like: '%_\\',
  markup: '<script>alert(1)</script>',
  blank: ' \t\u00A0\u2003',
}
