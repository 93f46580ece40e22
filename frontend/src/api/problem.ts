/** Turns every way a call can fail into one value with a sentence for the person and errors for the fields. */

export interface FieldError {
  field: string
  sentence: string
}

interface ProblemBody {
  title?: string
  detail?: string
  code?: string
  allowed?: unknown[]
  errors?: FieldError[]
  [extra: string]: unknown
}

/** Codes that arise on this side of the wire, for which the server has no sentence. */
export type LocalCode = 'offline' | 'unreadable'

export class Problem extends Error {
  override readonly name = 'Problem'

  constructor(
    /** HTTP status; 0 when no answer came. */
    readonly status: number,
    /** The server's stable code, or one of LocalCode. */
    readonly code: string,
    /** One sentence the person can act on, in their language; empty when only this side knows of the problem. */
    readonly detail: string,
    readonly errors: FieldError[] = [],
    readonly body: ProblemBody = {},
  ) {
    super(`${String(status)} ${code}`)
  }

  get offline(): boolean {
    return this.code === 'offline'
  }

  /** Someone else changed the thing since it was loaded. */
  get stale(): boolean {
    return this.status === 412
  }

  /** The sentence beside a field; nested fields are named with dots, as `patient.name`. */
  field(name: string): string | undefined {
    return this.errors.find((error) => error.field === name)?.sentence
  }
}

export function offline(): Problem {
  return new Problem(0, 'offline', '')
}

/** Reads RFC 9457 `application/problem+json`; anything else (a proxy's error page) is 'unreadable'. */
export async function problemOf(response: Response): Promise<Problem> {
  const type = response.headers.get('content-type') ?? ''
  if (!type.includes('json')) return new Problem(response.status, 'unreadable', '')
  try {
    const body = (await response.clone().json()) as ProblemBody
    return new Problem(response.status, body.code ?? 'unreadable', body.detail ?? body.title ?? '', body.errors ?? [], body)
  } catch {
    return new Problem(response.status, 'unreadable', '')
  }
}

export function asProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown
  return new Problem(0, 'unreadable', '')
}
