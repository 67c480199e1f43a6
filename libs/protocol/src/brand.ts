/** A primitive that earned a name: only the parser that checked it can make one. */
export type Brand<Primitive, Name extends string> = Primitive & { readonly __brand: Name }
