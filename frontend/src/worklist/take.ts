/** Takes a case into one's hands from a list: claim, accept, then the images. */
import type { Router } from 'vue-router'

import { cases } from '@/api/calls'
import type { CaseDetail, Verb } from '@/api/types'
import { newKey } from '@/api/wire'

/** The step to take now: of the moves that take a case, the one that is open and has nothing in its way. */
function nextStep(detail: CaseDetail): Verb | undefined {
  const open = detail.moves.filter((move) => move.needs.every((need) => need.met)).map((move) => move.verb)
  return (['claim', 'accept'] as const).find((verb) => open.includes(verb))
}

/**
 * Claims and accepts what can be claimed and accepted, then goes to the images.
 * Throws Problem when someone else was faster or a need is not met.
 */
export async function takeAndRead(id: string, router: Router): Promise<void> {
  let detail = await cases.get(id)
  for (let verb = nextStep(detail); verb !== undefined; verb = nextStep(detail)) {
    await cases.move(id, detail.version, { verb }, newKey())
    detail = await cases.get(id)
  }
  const unmet = detail.moves.find((move) => move.verb === 'claim' || move.verb === 'accept')
  await router.push({ name: unmet === undefined ? 'read' : 'case', params: { id } })
}
