using IommuSpy.Memory;

namespace IommuSpy.Catalogue;

/// <summary>The rows and columns of a table that are wanted, in their order.</summary>
/// <param name="Table">The table.</param>
/// <param name="Columns">The columns.</param>
/// <param name="Conditions">What rows have to meet, in words.</param>
/// <param name="Meets">The same to be asked of each row.</param>
/// <param name="Order">How two rows stand to each other, first what matters most.</param>
internal sealed record Selection<TRow>(
    Table<TRow> Table, IReadOnlyList<Column<TRow>> Columns, IReadOnlyList<Condition> Conditions, Predicate<TRow>[] Meets, Comparison<TRow>[] Order)
{
    /// <summary>Hands over each row that is wanted.</summary>
    /// <returns>How many those were.</returns>
    public long Rows(Question question, Action<TRow> receive)
    {
        foreach (Condition condition in Conditions.Where(condition => condition.Operator == "="))
        {
            if (Table.Filters.FirstOrDefault(filter => filter.Name == condition.Column) is Filter filter)
            {
                question.Narrow(filter, condition.Value);
            }
        }

        long count = 0;
        if (Order.Length == 0)
        {
            Table.Rows(question, row =>
            {
                if (IsWanted(row))
                {
                    count++;
                    receive(row);
                }
            });
            return count;
        }

        List<TRow> rows = [];
        Table.Rows(question, row =>
        {
            if (IsWanted(row))
            {
                rows.Add(row);
            }
        });

        // LINQ's sort leaves those that are alike in their order.
        foreach (TRow row in rows.Order(Comparer<TRow>.Create((one, other) => Order.Select(by => by(one, other)).FirstOrDefault(sign => sign != 0))))
        {
            receive(row);
        }

        return rows.Count;
    }

    private bool IsWanted(TRow row)
    {
        WorkBudget.OfProcess.GoOn();
        foreach (Predicate<TRow> meets in Meets)
        {
            if (!meets(row))
            {
                return false;
            }
        }

        return true;
    }
}
