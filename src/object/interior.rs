//! Pointers to parts of objects.

use core::ops::Deref;
use core::ptr::NonNull;

/// Pointer to a part of an object: the bytes of a string, a node of a table. Like a `Gc` it says where the part is and
/// keeps nothing alive: whoever holds it over a call that may free, move or change the part answers for that. So no
/// reference can be had that lasts longer than the pointer is held.
#[repr(transparent)]
pub struct Interior<T: ?Sized>(NonNull<T>);

impl<T: ?Sized> Clone for Interior<T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}
impl<T: ?Sized> Copy for Interior<T> {}
impl<T: ?Sized> Deref for Interior<T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the object that this is a part of lives while the pointer is used.
        unsafe { self.0.as_ref() }
    }
}
impl<T: ?Sized> Interior<T> {
    /// # Safety
    /// The part belongs to an object, or to something else that is there for as long as the pointer is used.
    #[inline(always)]
    pub const unsafe fn new(part: &T) -> Interior<T> {
        // SAFETY: a reference is not null.
        Interior(unsafe { NonNull::new_unchecked(core::ptr::from_ref(part).cast_mut()) })
    }
    /// Pointer to what is never freed.
    #[inline(always)]
    pub const fn fixed(part: &'static T) -> Interior<T> {
        // SAFETY: it is there for ever.
        unsafe { Interior::new(part) }
    }
}
