//! Tests of handroll.
