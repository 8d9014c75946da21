/**
 * A loader hook for the modules of TensorFlow.js, which import each other without extensions, as bundlers allow and Node does not.
 */

/** Tries a relative import from a package of TensorFlow.js as a file, then as a folder. */
export async function resolve(specifier, context, next) {
  const ours = specifier.startsWith('.') && !specifier.endsWith('.js') && context.parentURL?.includes('/@tensorflow/');
  if (!ours) return next(specifier, context);
  try {
    return await next(`${specifier}.js`, context);
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    return next(`${specifier}/index.js`, context);
  }
}
