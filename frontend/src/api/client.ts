/** The server's API, typed by its own description. A call that fails throws Problem; see wire.ts. */
import createClient from 'openapi-fetch'

import type { components, paths } from '@/generated/api'

import { transport } from './wire'

export type Schema = components['schemas']

/**
 * A value as the server tells it: it always sends every field, also those that have a default and are therefore
 * optional in its description.
 */
export type Told<T> = T extends (infer Item)[]
  ? Told<Item>[]
  : T extends object
    ? { [Name in keyof T]-?: Told<Exclude<T[Name], undefined>> }
    : T

export const api = createClient<paths>({ baseUrl: window.location.origin, fetch: transport })

/** The body of an answer that came: a refusal has thrown before. */
export async function told<T>(answer: Promise<{ data?: T | undefined }>): Promise<Told<NonNullable<T>>> {
  return (await answer).data as Told<NonNullable<T>>
}
