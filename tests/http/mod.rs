//! What every request passes, through the whole service.
