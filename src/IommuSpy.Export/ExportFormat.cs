namespace IommuSpy.Export;

/// <summary>In what a table is exported.</summary>
internal enum ExportFormat
{
    /// <summary>Apache Parquet.</summary>
    Parquet,

    /// <summary>Comma-separated values, without columns of records.</summary>
    Csv,

    /// <summary>JSON Lines.</summary>
    Jsonl,
}
