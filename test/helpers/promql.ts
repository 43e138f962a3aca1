import { parser } from '@prometheus-io/lezer-promql'

type Matcher = { label: string; operator: string; value: string }

/** A metric in an expression, with the matchers of its labels. */
export type Selector = { metric: string; matchers: Matcher[] }

/** The metrics and labels that an expression needs. `made` are the labels that it adds itself. */
export type Needs = { selectors: Selector[]; grouped: string[]; made: string[] }

type Node = ReturnType<typeof parser.parse>['topNode']

/**
 * Parses an expression with the parser of Prometheus's editor.
 *
 * @throws {Error} when it is not valid PromQL
 */
export function readPromql(expression: string): Needs {
  const needs: Needs = { selectors: [], grouped: [], made: [] }
  const text = ({ from, to }: Node) => expression.slice(from, to)
  parser.parse(expression).iterate({
    enter: ({ node }) => {
      if (node.type.isError) throw new Error(`Invalid PromQL at ${node.from}: ${expression}`)
      if (node.name === 'VectorSelector') needs.selectors.push(selectorOf(node, text))
      if (node.name === 'GroupingLabels') needs.grouped.push(...node.getChildren('LabelName').map(text))
      if (node.name === 'LabelReplace') needs.made.push(firstStringIn(node.parent?.parent, text))
    },
  })
  return needs
}

function selectorOf(node: Node, text: (node: Node) => string): Selector {
  const [metric] = node.getChildren('Identifier')
  const matchers = node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? []
  return {
    metric: metric ? text(metric) : '',
    matchers: matchers.map((matcher) => {
      const [label = '', operator = '', value = ''] = ['LabelName', 'MatchOp', 'StringLiteral']
        .flatMap((name) => matcher.getChildren(name))
        .map(text)
      return { label, operator, value: JSON.parse(value) as string }
    }),
  }
}

const firstStringIn = (node: Node | null | undefined, text: (node: Node) => string): string => {
  const [literal] = node?.getChild('FunctionCallBody')?.getChildren('StringLiteral') ?? []
  return literal ? (JSON.parse(text(literal)) as string) : ''
}
