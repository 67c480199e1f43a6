/** What a call of an SDK was refused with; throws when it was not. */
export function refusalOf(call: Promise<unknown>): Promise<Error> {
  return call.then(
    () => {
      throw new Error('the call was not refused')
    },
    (fault: Error) => fault,
  )
}

/** The call is refused with an error of the SDK's own class, in these words; answers the error. */
export async function expectRefused(
  call: Promise<unknown>,
  type: abstract new (...args: never[]) => Error,
  message: string | RegExp,
): Promise<Error> {
  const fault = await refusalOf(call)
  expect(fault).toBeInstanceOf(type)
  if (typeof message === 'string') expect(fault.message).toBe(message)
  else expect(fault.message).toMatch(message)
  return fault
}

/** As every refusal of the identity face, with status 400. */
export async function expectIdentityRefused(...refused: Parameters<typeof expectRefused>): Promise<void> {
  expect(await expectRefused(...refused)).toMatchObject({ $metadata: { httpStatusCode: 400 } })
}
