/**
 * Operations that a provider lacks, written in operations that it has. They need no shapes, so they stand behind the writer:
 * a rule writes the operation it means, and the writer puts the substitute where the provider lacks it.
 */
import { MOVES, type Element } from './capabilities.ts';
import { ELEMENT } from './proto.ts';
import type { OnnxWriter, OpAttributes } from './writer.ts';

/** A lacking operation: its operands, and the element type that decides. */
export interface Lacking {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly element: Element;
  readonly attributes: OpAttributes;
}

/** Writes the substitute and returns the name of its value. */
export type Substitution = (writer: OnnxWriter, lacking: Lacking) => string;

type Graphic = 'float32' | 'int32';

const scalar = (writer: OnnxWriter, { element }: Lacking, value: number): string => writer.scalar(element as Graphic, value);
const cast = (writer: OnnxWriter, value: string, to: Element): string => writer.op('Cast', [value], { to: ELEMENT[to] });

/** (x > 0) - (x < 0). */
const sign: Substitution = (writer, at) => {
  const zero = scalar(writer, at, 0);
  const side = (op: string): string => cast(writer, writer.op(op, [at.inputs[0], zero]), at.element);
  return writer.op('Sub', [side('Greater'), side('Less')]);
};

const negate: Substitution = (writer, at) => writer.op('Sub', [scalar(writer, at, 0), at.inputs[0]]);
const absolute: Substitution = (writer, at) => writer.op('Max', [at.inputs[0], negate(writer, at)]);
const relu: Substitution = (writer, at) => writer.op('Max', [at.inputs[0], scalar(writer, at, 0)]);

/** Half to even: floor(x), one more where x lies above the middle, or on it and the floor is odd. */
const round: Substitution = (writer, at) => {
  const [x] = at.inputs;
  const half = scalar(writer, at, 0.5);
  const floor = writer.op('Floor', [x]);
  const rest = writer.op('Sub', [x, floor]);
  const isOdd = writer.op('Sub', [floor, writer.op('Mul', [scalar(writer, at, 2), writer.op('Floor', [writer.op('Mul', [floor, half])])])]);
  const tie = writer.op('Mul', [cast(writer, writer.op('Equal', [rest, half]), at.element), isOdd]);
  const above = cast(writer, writer.op('Greater', [rest, half]), at.element);
  return writer.op('Add', [floor, writer.op('Add', [above, tie])]);
};

/** Shaders may assume that x = x; that |x| >= 0 they compute. */
const isNaN: Substitution = (writer, at) =>
  writer.op('Not', [writer.op('GreaterOrEqual', [writer.op('Abs', [at.inputs[0]]), scalar(writer, at, 0)])]);
const isInf: Substitution = (writer, at) => writer.op('Equal', [writer.op('Abs', [at.inputs[0]]), scalar(writer, at, Infinity)]);

/** x - max - log(sum(exp(x - max))) along the axis. */
const logSoftmax: Substitution = (writer, { inputs: [x], attributes }) => {
  const axes = writer.integers([attributes.axis as number]);
  const shifted = writer.op('Sub', [x, writer.op('ReduceMax', [x, axes], { keepdims: 1 })]);
  const sum = writer.op('ReduceSum', [writer.op('Exp', [shifted]), axes], { keepdims: 1 });
  return writer.op('Sub', [shifted, writer.op('Log', [sum])]);
};

/** x - y trunc(x / y) with fmod, x - y floor(x / y) without; the division of integers truncates. */
const modulo: Substitution = (writer, { inputs: [x, y], attributes, element }) => {
  const quotient = writer.op('Div', [x, y]);
  if (element === 'int32') {
    const rest = writer.op('Sub', [x, writer.op('Mul', [y, quotient])]);
    if (attributes.fmod === 1) return rest;
    // A remainder of the other sign than the divisor is a divisor short.
    const again = writer.op('Add', [rest, y]);
    return writer.op('Sub', [again, writer.op('Mul', [y, writer.op('Div', [again, y])])]);
  }
  const floor = writer.op('Floor', [writer.op('Abs', [quotient])]);
  return writer.op('Sub', [x, writer.op('Mul', [y, writer.op('Mul', [writer.op('Sign', [quotient]), floor])])]);
};

const equalBools: Substitution = (writer, { inputs }) =>
  writer.op(
    'Equal',
    inputs.map((input) => cast(writer, input, 'int32')),
  );

const xor: Substitution = (writer, { inputs }) => writer.op('Not', [writer.op('Equal', inputs)]);

/** De Morgan. */
const or: Substitution = (writer, { inputs }) =>
  writer.op('Not', [
    writer.op(
      'And',
      inputs.map((input) => writer.op('Not', [input])),
    ),
  ]);

/** Number of operands that an operation moves; those after them are amounts and indices. */
const moved = ({ op, inputs }: Lacking): number => (op === 'Concat' ? inputs.length : 1);

/** Moves bools as float32; a Pad's value is cast with them. */
const moveBools: Substitution = (writer, at) => {
  const data = at.inputs.map((input, i) => (i < moved(at) || (at.op === 'Pad' && i === 2) ? cast(writer, input, 'float32') : input));
  return cast(writer, writer.op(at.op, data, at.attributes), 'bool');
};

/** Moves int32 as two float32 of 16 bits each, which hold them exactly. */
const moveIntegers: Substitution = (writer, at) => {
  const base = writer.scalar('int32', 2 ** 16);
  const move = (part: (input: string) => string): string => {
    const data = at.inputs.map((input, i) => (i < moved(at) ? cast(writer, part(input), 'float32') : input));
    return cast(writer, writer.op(at.op, data, at.attributes), 'int32');
  };
  const high = (input: string): string => writer.op('Div', [input, base]);
  const low = (input: string): string => writer.op('Sub', [input, writer.op('Mul', [high(input), base])]);
  return writer.op('Add', [writer.op('Mul', [move(high), base]), move(low)]);
};

const FLOATS: Readonly<Record<string, Substitution>> = {
  Sign: sign,
  Round: round,
  IsNaN: isNaN,
  IsInf: isInf,
  LogSoftmax: logSoftmax,
  Mod: modulo,
};

const INTEGERS: Readonly<Record<string, Substitution>> = {
  ...Object.fromEntries(['Slice', 'GatherElements'].map((op) => [op, moveIntegers])),
  Sign: sign,
  Neg: negate,
  Abs: absolute,
  Relu: relu,
  Mod: modulo,
};

const BOOLS: Readonly<Record<string, Substitution>> = {
  ...Object.fromEntries(MOVES.map((op) => [op, moveBools])),
  Equal: equalBools,
  Or: or,
  Xor: xor,
};

const substitutions: Readonly<Partial<Record<Element, Readonly<Record<string, Substitution>>>>> = {
  float32: FLOATS,
  int32: INTEGERS,
  bool: BOOLS,
};

/** The substitute for an operation on an element type; undefined where there is none. */
export function substitutionOf(op: string, element: Element): Substitution | undefined {
  return substitutions[element]?.[op];
}
