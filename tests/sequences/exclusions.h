/* Kinds of calls that the generator leaves out, because the libraries differ there. SEQUENCES_WITH=all in the environment, or
 * one or more of these names, puts them in again. */

/* Differences that docs/COMPATIBILITY.md has. */
X(count_after_yield, "a count hook after a yield in an iterator or a comparison")
X(hook_yield_over_library, "a hook that yields while a function of the library stands in the way: an error in the reference")
X(variable_in_return_hook, "a wrong type in a return hook: the reference may name a variable of the function that ends")
X(reader_after_error, "a reader that raises after the place of a syntax error: it is not called there")
X(collection_in_hook, "a collection in a hook: the reference keeps what lies in registers that are free")
X(zero_in_gc_message, "a message of a finalizer with a zero byte: the reference cuts it there")
X(temporaries, "temporaries of frames above level 0")

/* Faults of the reference: what it does there is undefined. */
X(count_before_line, "a count hook that does anything, with line events: those may come from another function's lines, or after a yield")
X(metamethod_in_hook, "a metamethod that a hook's call calls in a coroutine: it may yield or catch errors, and the hook's frame is gone")
X(collection_at_close, "a collection in a finalizer that lua_close runs: blocks are lost")
X(collection_in_chunk, "a reader of a binary chunk that allocates: a step of the collector in the middle of a chunk damages the heap")

/* Faults that are not mended yet. */
X(info_of_yielded, "lua_getinfo and lua_getlocal of a coroutine that yielded in a hook or only some of its values")
X(hook_from_callback, "a hook that is set where a metamethod or an iterator runs")
X(error_in_call_hook, "an error in the call or return hook of pcall")
X(hook_of_yielded, "a line hook that is set anew on a coroutine that yielded in its line hook: the line's event comes again")
X(foreign_allocator, "lua_setallocf on a state of luaL_newstate")
X(dead_top, "the values on a dead coroutine's stack")
