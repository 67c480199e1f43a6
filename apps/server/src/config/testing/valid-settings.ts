/** Texts that their settings take. */
export const A_KEY = Buffer.alloc(32, 7).toString('base64')
export const A_SECRET = 'wJalrXUtnFEMIK7MDENGbPxRfiCYzzzzzzzzzzzz'

/** What a server on a shared database is given at least. */
export const A_DATABASE = { SATCHEL_DATABASE_URL: 'postgres://db/satchel', SATCHEL_MASTER_KEY: A_KEY } as const
