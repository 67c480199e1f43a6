/** An error of the sync face, whoever found the fault: checks all that each of them has, and returns its type. */
export function expectAwsError(answer: {
  status: number
  headers: { get(name: string): string | null | undefined }
  body: string
}): string {
  const body = JSON.parse(answer.body) as { __type: string; message: string }
  expect(body.__type).toBe(answer.headers.get('x-amzn-errortype'))
  expect(typeof body.message).toBe('string')
  expect(answer.headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/)
  expect(Date.parse(answer.headers.get('date') ?? '')).not.toBeNaN()
  return body.__type
}

/** Status and type of an error of the sync face. */
export async function errorOf(response: Response): Promise<string> {
  const type = expectAwsError({ status: response.status, headers: response.headers, body: await response.text() })
  return `${response.status} ${type}`
}
