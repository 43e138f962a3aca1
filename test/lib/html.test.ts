import { type HtmlContent, html, raw } from '../../src/lib/http/html.js'
import t from '../tap.js'

const ATTACK = `"><script>alert('&')</script>`
const ESCAPED = '&quot;&gt;&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;'

const render = (value: HtmlContent) => String(html`${value}`)

t.test('escapes values in text and in attributes with either quote', async (t) => {
  t.equal(String(html`<p>${ATTACK}</p>`), `<p>${ESCAPED}</p>`)
  t.equal(String(html`<a title="${ATTACK}">`), `<a title="${ESCAPED}">`)
  t.equal(String(html`<a title='${ATTACK}'>`), `<a title='${ESCAPED}'>`)
  t.equal(String(html`<a href="/x?a=${'1&b=2'}">`), '<a href="/x?a=1&amp;b=2">')
})

t.test('leaves the markup of the template and other characters unchanged', async (t) => {
  t.equal(String(html`<b class="x" id='y'>&amp; 1 < 2</b>`), `<b class="x" id='y'>&amp; 1 < 2</b>`)
  t.equal(render('Zoë = 1/2 `x` {{y}} 東京 😀 $1 \\n'), 'Zoë = 1/2 `x` {{y}} 東京 😀 $1 \\n')
})

t.test('escapes an existing entity again, so that the reader sees it as written', async (t) => {
  t.equal(render('&lt;'), '&amp;lt;')
})

t.test('does not escape nested html twice, at any depth', async (t) => {
  const inner = html`<i>${'<'}</i>`
  t.equal(String(html`<p>${html`<b>${inner}</b>`}</p>`), '<p><b><i>&lt;</i></b></p>')
})

t.test('joins lists without a comma and escapes their strings', async (t) => {
  t.equal(render([html`<li>`, '<', [1, html`<b>`, '"']]), '<li>&lt;1<b>&quot;')
  t.equal(render([]), '')
})

t.test('renders null, undefined and false as nothing, and zero as zero', async (t) => {
  t.equal(render([null, undefined, false]), '')
  t.equal(String(html`a${null}b${undefined}c${false}d${''}e`), 'abcde')
  t.equal(render(0), '0')
})

t.test('raw does not escape a constant', async (t) => {
  t.equal(render(raw('<style>a > b {}</style>')), '<style>a > b {}</style>')
})

t.test('no string passes as trusted html', async (t) => {
  const fromHtml = `${html`<b>`}`
  t.equal(render(fromHtml), '&lt;b&gt;')
  t.equal(render(String(raw('<b>'))), '&lt;b&gt;')
  // @ts-expect-error: the type Html accepts no string.
  const body: ReturnType<typeof html> = '<b>'
  t.equal(render(body), '&lt;b&gt;')
})

t.test('no object from a request passes as trusted html', async (t) => {
  const parsed = JSON.parse('{"markup":"<b>","#markup":"<b>","__proto__":{"isHtml":true}}')
  t.throws(() => render(parsed), TypeError)
  t.throws(() => render(Object.create(Object.getPrototypeOf(html``))), TypeError)
})
