import { eventually } from './eventually.js'

/** The answer of `/readyz` once it has these words: all who ask within a second share one. */
export const readinessSaying = <A extends { text: string }>(ask: () => Promise<A>, words: string | RegExp) =>
  eventually(async () => {
    const answer = await ask()
    return new RegExp(words).test(answer.text) && answer
  })
