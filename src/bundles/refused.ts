/** A bundle that is not what it should be: forged, cut short, foreign, or too large. The message says what of it. */
export class BundleRefused extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'BundleRefused'
  }
}

export function refuseBundle(message: string, options?: ErrorOptions): never {
  throw new BundleRefused(message, options)
}
