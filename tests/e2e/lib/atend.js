// What a test leaves behind, cleared away in the reverse order: a server before its folder.
const stacks = new WeakMap();

/** Runs `work` when the test ends. All of it runs, and then the first failure is the test's. */
export function atEnd(t, work) {
  let stack = stacks.get(t);
  if (!stack) {
    stack = [];
    stacks.set(t, stack);
    t.after(() => unwind(stack));
  }
  stack.push(work);
}

async function unwind(stack) {
  const errors = [];
  while (stack.length > 0) {
    try {
      await stack.pop()();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}
