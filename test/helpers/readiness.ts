import { eventually } from './eventually.js'

/** Waits for an answer of `/readyz` with these words. Answers are cached for a second. */
export const readinessSaying = <A extends { text: string }>(ask: () => Promise<A>, words: string | RegExp) =>
  eventually(async () => {
    const answer = await ask()
    return new RegExp(words).test(answer.text) && answer
  })
