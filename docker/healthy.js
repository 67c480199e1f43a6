/* Ends with 0 when the server in this container is ready to serve. */
const port = process.env.SATCHEL_ADMIN_PORT ?? process.env.SATCHEL_PORT ?? '4680'
const answer = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => null)
process.exit(answer?.ok === true ? 0 : 1)
