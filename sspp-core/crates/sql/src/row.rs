//! Structs that are read from rows by the names of their columns. sqlx derives the same, by macros that build both drivers, SQLite
//! included, a second time for the compiler.

/// Declares a struct whose fields are columns, and reads it from a row.
///
/// ```
/// sspp_sql::row! {
///     /// A name and how often it was seen.
///     #[derive(Debug)]
///     pub struct Seen {
///         name: String,
///         times: i64,
///     }
/// }
/// ```
#[macro_export]
macro_rules! row {
    (
        $(#[$about:meta])*
        $visibility:vis struct $name:ident $(<$($generic:ident),+>)? {
            $($(#[$doc:meta])* $field_visibility:vis $field:ident: $type:ty,)+
        }
    ) => {
        $(#[$about])*
        $visibility struct $name $(<$($generic),+>)? {
            $($(#[$doc])* $field_visibility $field: $type,)+
        }

        impl<'r, R: sqlx::Row $(, $($generic),+)?> sqlx::FromRow<'r, R> for $name $(<$($generic),+>)?
        where
            for<'c> &'c str: sqlx::ColumnIndex<R>,
            $($type: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,)+
        {
            fn from_row(row: &'r R) -> sqlx::Result<Self> {
                Ok(Self { $($field: row.try_get(stringify!($field))?,)+ })
            }
        }
    };
}
