import { describe, expect, it } from 'vitest';
import { CoordinatorAddresses } from '../src/coordinator-addresses.ts';

describe('CoordinatorAddresses', () => {
  it('goes round', () => {
    const addresses = new CoordinatorAddresses(['a:1', 'b:2']);
    const tried = Array.from({ length: 3 }, () => {
      const { current } = addresses;
      addresses.advance();
      return current;
    });
    expect(tried).toEqual(['a:1', 'b:2', 'a:1']);
  });

  it('stays with the only one', () => {
    const addresses = new CoordinatorAddresses(['a:1']);
    addresses.advance();
    expect([addresses.current, addresses.hasOthers]).toEqual(['a:1', false]);
  });

  it('tries the leader that is named next, also where nobody gave its address', () => {
    const addresses = new CoordinatorAddresses(['a:1', 'b:2', 'c:3']);
    addresses.follow('c:3');
    expect(addresses.current).toBe('c:3');
    addresses.follow('d:4');
    expect(addresses.current).toBe('d:4');
    addresses.advance();
    expect(addresses.current).toBe('a:1');
  });

  it.each(['', 'nowhere', '0.0.0.0:1', '[::]:1', '127.0.0.1:1', 'localhost:1', 'a:1'])(
    'takes %j of another host for no leader',
    (named) => {
      const addresses = new CoordinatorAddresses(['a:1', 'b:2']);
      addresses.follow(named);
      expect(addresses.current).toBe('b:2');
    },
  );

  it('believes a loopback address that comes from one', () => {
    const addresses = new CoordinatorAddresses(['localhost:1']);
    addresses.follow('127.0.0.1:2');
    expect([addresses.current, addresses.hasOthers]).toEqual(['127.0.0.1:2', true]);
  });
});
