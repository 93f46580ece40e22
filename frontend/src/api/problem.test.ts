import { describe, expect, it } from 'vitest'

import { asProblem, Problem, problemOf } from './problem'

function answer(status: number, body: string, type: string): Response {
  return new Response(body, { status, headers: { 'content-type': type } })
}

describe('what a failed call tells the person', () => {
  it('carries the sentence, the code and the errors beside their fields', async () => {
    const body = { detail: '请填写患者姓名', code: 'invalid', errors: [{ field: 'patient.name', sentence: '必填' }] }
    const problem = await problemOf(answer(422, JSON.stringify(body), 'application/problem+json'))
    expect(problem.detail).toBe('请填写患者姓名')
    expect(problem.code).toBe('invalid')
    expect(problem.field('patient.name')).toBe('必填')
    expect(problem.field('patient.sex')).toBeUndefined()
  })

  it('does not show a proxy error page as if it were our sentence', async () => {
    const problem = await problemOf(answer(502, '<html>Bad gateway</html>', 'text/html'))
    expect([problem.status, problem.code, problem.detail]).toEqual([502, 'unreadable', ''])
  })

  it('survives a body that is cut off', async () => {
    const problem = await problemOf(answer(500, '{"detail": "半', 'application/problem+json'))
    expect(problem.code).toBe('unreadable')
  })

  it('knows a stale version from other refusals', () => {
    expect(new Problem(412, 'stale', '').stale).toBe(true)
    expect(new Problem(409, 'wrong_state', '').stale).toBe(false)
  })

  it('keeps a Problem and wraps what is none', () => {
    const problem = new Problem(409, 'x', '')
    expect(asProblem(problem)).toBe(problem)
    expect(asProblem(new TypeError('secret')).detail).toBe('')
  })
})
