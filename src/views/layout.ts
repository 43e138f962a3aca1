import { type Html, html } from '../lib/http/html.js'
import { PRODUCT } from '../lib/product.js'

export const HTML_MEDIA_TYPE = 'text/html; charset=utf-8'

type PageOptions = {
  title: string
  /** HTML from the `html` tag, which escapes values. It contains the page's only `h1`. */
  body: Html
  /** The path of a second style sheet. Default: only the one of all pages. */
  styleSheet?: string
}

/** Renders a whole page. Styles and scripts must not be inline: the content security policy forbids that. */
export const page = ({ title, body, styleSheet }: PageOptions): string =>
  String(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title} · ${PRODUCT.title}</title>
<link rel="icon" href="/favicon.ico" sizes="16x16 32x32 48x48">
<link rel="stylesheet" href="/static/pages.css">
${styleSheet && html`<link rel="stylesheet" href="${styleSheet}">`}
</head>
<body>
<header class="masthead"><p class="brand">${PRODUCT.title}</p></header>
<main>
${body}
</main>
</body>
</html>
`)
