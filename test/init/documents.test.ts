import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { takeOutOfDocuments } from '../../scripts/init/documents.js'
import t from '../tap.js'

const PAGE = `# Page

A paragraph about jobs
of two lines.

- [kept](kept.md): stays
- [gone](gone.md): goes,
  with its second line
- [kept](kept.md) and [gone](gone.md): keeps its words

| file | what |
|---|---|
| [gone](gone.md#part) | goes |
| [kept](kept.md) | stays |

## Gone

Text.

### Below it

## Kept

\`\`\`sh
# not a heading
\`\`\`
`

t.test('takes out sections, blocks, and rows and items that link to what is gone', async (t) => {
  const folder = t.testdir({ docs: { 'page.md': PAGE, 'kept.md': '# Kept\n' } })
  takeOutOfDocuments(folder, [
    ['docs/page.md', '## Gone'],
    ['docs/page.md', 'about jobs'],
  ])
  t.equal(
    readFileSync(join(folder, 'docs/page.md'), 'utf8'),
    `# Page

- [kept](kept.md): stays
- [kept](kept.md) and gone: keeps its words

| file | what |
|---|---|
| [kept](kept.md) | stays |

## Kept

\`\`\`sh
# not a heading
\`\`\`
`,
  )
  t.throws(() => takeOutOfDocuments(folder, [['docs/page.md', '## Gone']]), {
    message: /docs\/page.md has no "## Gone"/,
  })
})
