/** Sends a request: created under its own key, then submitted; or, for one that exists, revised. */
import { cases } from '@/api/calls'
import { asProblem, type Problem } from '@/api/problem'
import type { NewCase } from '@/api/types'
import { newKey } from '@/api/wire'

export interface Made {
  id: string
  /** Why it stayed a draft; null when it is under way. */
  refused: Problem | null
}

/**
 * Creates the case and submits it. Throws Problem when it could not be created: nothing exists then.
 * `key` makes a repeated creation the same case.
 */
export async function createAndSubmit(body: NewCase, key: string): Promise<Made> {
  const made = await cases.create(body, key)
  const verb = body.priority === 'emergency' ? 'emergency_submit' : 'submit'
  try {
    await cases.move(made.id, made.version, { verb }, newKey())
    return { id: made.id, refused: null }
  } catch (reason) {
    return { id: made.id, refused: asProblem(reason) }
  }
}

export async function saveEdit(id: string, version: number, body: NewCase): Promise<void> {
  await cases.move(id, version, { verb: 'revise', request: body }, newKey())
}
