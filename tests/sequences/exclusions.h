/* Kinds of calls that the generator leaves out: X(name, group, what happens). SEQUENCES_WITH=all in the environment, or one or more
 * of the names, puts them in again. The fuzz target leaves out only those of the group BROKEN.
 *
 * DIFFERENT: the libraries do not agree, on purpose or where neither promises anything; docs/COMPATIBILITY.md has them.
 * UNDEFINED: what the reference does there is undefined: it reads freed memory, or a value that is not there.
 * BROKEN: faults of ours that are not mended yet. (There is none now.) */

X(count_after_yield, DIFFERENT, "a count hook after a yield in an iterator or a comparison")
X(hook_yield_over_library, DIFFERENT, "a hook that yields while a function of the library stands in the way: an error in the reference")
X(variable_in_return_hook, DIFFERENT, "a wrong type in a return hook: the reference may name a variable of the function that ends")
X(reader_after_error, DIFFERENT, "a reader that raises after the place of a syntax error: it is not called there")
X(collection_aside, DIFFERENT, "a collection in a hook, a metamethod or a message handler: what lies in registers that are free may be kept")
X(zero_in_gc_message, DIFFERENT, "a message of a finalizer with a zero byte: the reference cuts it there")
X(temporaries, DIFFERENT, "temporaries of frames above level 0")
X(hook_of_yielded, DIFFERENT, "a line hook that is set anew on a coroutine that yielded in its line hook: the line's event comes again")
X(dead_top, DIFFERENT, "what lies below the message on a dead coroutine's stack")

X(count_before_line, UNDEFINED, "a count hook that does anything, with line events: the line's test then reads another function's lines")
X(metamethod_in_hook, UNDEFINED, "a metamethod that a hook's call calls in a coroutine: it may yield or catch errors, and the hook's frame is gone")
X(collection_at_close, UNDEFINED, "a collection in a finalizer that lua_close runs")
X(collection_in_chunk, UNDEFINED, "a reader of a binary chunk that allocates: a step of the collector there frees parts of the new function")
