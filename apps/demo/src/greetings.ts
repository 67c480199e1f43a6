/** The languages that the little app speaks: enough of it to see that a preference has arrived. */
export const GREETINGS: ReadonlyMap<
  string,
  Readonly<{ name: string; greeting: string; direction: 'ltr' | 'rtl' }>
> = new Map([
  ['en', { name: 'English', greeting: 'Good to see you.', direction: 'ltr' }],
  ['de', { name: 'Deutsch', greeting: 'Schön, dass du da bist.', direction: 'ltr' }],
  ['fr', { name: 'Français', greeting: 'Content de te voir.', direction: 'ltr' }],
  ['el', { name: 'Ελληνικά', greeting: 'Χαίρομαι που σε βλέπω.', direction: 'ltr' }],
  ['ar', { name: 'العربية', greeting: 'سعيد برؤيتك.', direction: 'rtl' }],
  ['ja', { name: '日本語', greeting: 'おかえりなさい。', direction: 'ltr' }],
])
