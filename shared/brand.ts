/** A string or number that only its parse function may make; the brand exists for the compiler alone. */
export type Brand<T, Name extends string> = T & { readonly __brand: Name };
