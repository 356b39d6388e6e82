/** Owns what the type checker says where no value would be right: an interface is printed with its name and arguments. */

declare const never: unique symbol

/** No value has this type. In the error of the type checker it says which field is not there, and which are. */
export interface NoSuchField<Name, OneOf> {
  readonly [never]: readonly [Name, OneOf]
}

/** No value has this type, which stands in the place of a name of which the schema has none. */
export interface NoAttributeAlwaysHoldsANumber {
  readonly [never]: true
}

/** Every field, also one that only some shapes of a union have. */
export type Field<T> = T extends unknown ? keyof T : never

/** Fields of `X` beyond those of `T` do not compile, also where inference would let them pass. `any` fits everything but `never`. */
export type NoExcess<X, T> = {
  readonly [K in Exclude<keyof X, Field<T>>]: 0 extends 1 & X[K] ? never : NoSuchField<K, Field<T>>
}
