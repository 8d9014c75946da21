/** All combinations of the values of an axis each: {name: [values]} -> [{name: value}]. */
export function grid(axes) {
  return Object.entries(axes).reduce(
    (partial, [name, values]) => partial.flatMap((configuration) => values.map((value) => ({ ...configuration, [name]: value }))),
    [{}],
  );
}
